-- The product of all load-test tickets: no window, one stamp.
INSERT INTO composteur.product (id, label) VALUES ('loadtest', 'Load test') ON CONFLICT DO NOTHING
