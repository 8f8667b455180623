"""What people answer: a link in a page acknowledges, and an API for those who have a token."""
