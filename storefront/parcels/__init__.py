"""What has to be sent: parcels on their way, and what comes back."""
