"""What is to be changed on a device so that it is what its site wants. Pure: values in, changes out.

What is right already is no change: planning again after a plan was carried out gives none.
"""
