-- A page of products by SKU, each as JSON. $1 tenant, $2 after this SKU or null, $3 how many.
SELECT sku,
       json_build_object('id', product_id, 'sku', sku, 'name', name, 'price_cents', price_cents, 'currency', currency,
                         'available', available, 'backorder_limit', backorder_limit,
                         'version', version)::text AS item
FROM catalogue
WHERE tenant_id = $1 AND ($2::text IS NULL OR sku > $2)
ORDER BY sku
LIMIT $3
