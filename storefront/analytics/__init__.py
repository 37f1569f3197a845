"""Reading what happened: money by day, what came of reminders, and files for other programs."""
