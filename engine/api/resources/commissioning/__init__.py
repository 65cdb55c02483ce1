"""What is asked while cameras are put up: aiming them, and drawing on their pictures."""
