"""Scripts that draw what the pages here show."""
