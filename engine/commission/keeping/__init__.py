"""What a job did, kept: one line after the other, on the disk before it is done."""
