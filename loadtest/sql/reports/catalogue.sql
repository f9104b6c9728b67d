-- Products, once.
INSERT INTO composteur.product (id, label)
SELECT 'report-' || number, 'Product ' || number FROM generate_series(0, 4) AS number
