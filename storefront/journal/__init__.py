"""Who did what when to which thing, in the same transaction as the thing."""
