"""Pictures of prepared data; nothing here knows where the data come from."""
