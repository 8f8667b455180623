"""What each section of a document says, in the order of the document."""
