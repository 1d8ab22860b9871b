"""Great Expectations suites, one per record shape; copy and edit them."""
