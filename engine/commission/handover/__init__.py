"""What is handed over when cameras are commissioned: a signed record with its pictures, verified and compared."""
