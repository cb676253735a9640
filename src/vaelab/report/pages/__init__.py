"""The pages: what each is made of, from stored results; the templates give them their form."""
