"""What the outside says: receipts of test devices and look-ups at providers become evidence."""
