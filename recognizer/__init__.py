"""Reading drawings of digits: imaging, engine, tables, registry; faces for people and programs."""
