"""What tests are made of: merchants, messages, and a world in which they meet Klaviyo."""
