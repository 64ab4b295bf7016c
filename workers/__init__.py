"""What runs in the background: queues, sending, receipts, upkeep and the timetable."""
