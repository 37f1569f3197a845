"""What every room stands on: settings, database, clock, ids, money, errors, logging."""
