"""Which patterns an event could match, found without asking them one by one."""
