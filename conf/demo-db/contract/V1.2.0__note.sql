-- switchyard:contract after=v1.1
SET lock_timeout = '2s';

DROP TRIGGER IF EXISTS orders_keep_alike ON orders;

DROP FUNCTION IF EXISTS orders_keep_alike();

ALTER TABLE orders DROP COLUMN IF EXISTS note;
