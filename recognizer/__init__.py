"""Reading drawings of digits: imaging, engine, tables, registry, and their faces for people and programs."""
