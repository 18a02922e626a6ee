"""Measurements that anyone can repeat: `make bench`. What they mean is in docs/performance.md.

Every way of doing the same work is run in processes of its own, on a copy of the same rows, in turn with the others; what is
compared are medians. Nothing here is imported by the product.
"""
