"""What can be asked, one module for each thing it is about: its types, its questions, what answers them."""
