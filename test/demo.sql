-- 1. Save a block: a name for a database. Nothing is connected yet.
SELECT connector_save('customers', 'sqlite:///customers.db');

-- 2. Make a table; add one row, then two at once.
SELECT connector_execute('customers',
  'CREATE TABLE IF NOT EXISTS customers (name varchar, address varchar)');
SELECT connector_execute('customers',
  'INSERT INTO customers (name, address) VALUES (:name, :address)',
  '{"name": "Marvin", "address": "Highway 42"}');
SELECT connector_execute_many('customers',
  'INSERT INTO customers (name, address) VALUES (:name, :address)',
  '[{"name": "Ford", "address": "Highway 42"}, {"name": "Unknown", "address": "Space"}]');

-- 3. Read page by page, two rows each, until a page is empty.
SELECT row FROM connector_fetch_many('customers', 'SELECT * FROM customers') WHERE size = 2;
SELECT row FROM connector_fetch_many('customers', 'SELECT * FROM customers') WHERE size = 2;
SELECT row FROM connector_fetch_many('customers', 'SELECT * FROM customers') WHERE size = 2;

-- 4. Start over with connector_reset; forget the block with connector_delete.
SELECT connector_reset('customers');
SELECT connector_delete('customers');
