"""Why a rule fired or did not, from what a running engine or a history keeps."""
