-- One ticket, as a seller writes it at the counter.
INSERT INTO composteur.ticket (code, product, holder) VALUES ($1, 'loadtest', 'Latecomer')
