"""What somebody's word alone changes in the book."""
