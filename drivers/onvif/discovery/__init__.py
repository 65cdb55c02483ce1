"""WS-Discovery: whom a probe asks, who answers, and what the answers say."""
