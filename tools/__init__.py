"""Programs that write parts of the pages."""
