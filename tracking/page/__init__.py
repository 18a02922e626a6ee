"""The page on which a shopper follows an order: its address, what it shows, in which words and colours."""
