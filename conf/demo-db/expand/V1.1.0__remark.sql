-- The same change in two steps. First the new column beside the old one, kept alike by a trigger, so that v1.0 and
-- v1.1 read and write side by side, in either direction; contract/V1.2.0__note.sql takes the old one away later.
SET lock_timeout = '2s';

ALTER TABLE orders ADD COLUMN IF NOT EXISTS remark text;

CREATE FUNCTION orders_keep_alike() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.remark := coalesce(NEW.remark, NEW.note);
        NEW.note := NEW.remark;
    ELSIF NEW.remark IS DISTINCT FROM OLD.remark THEN
        NEW.note := NEW.remark;
    ELSIF NEW.note IS DISTINCT FROM OLD.note THEN
        NEW.remark := NEW.note;
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER orders_keep_alike BEFORE INSERT OR UPDATE ON orders
    FOR EACH ROW EXECUTE FUNCTION orders_keep_alike();

UPDATE orders SET remark = note WHERE remark IS NULL AND note IS NOT NULL;
