"""The broadcast domain: areas, subscribers, texts, campaigns, plans, broadcasts, ledger."""
