-- Take a block of order number counters; answers the first of them. $1 tenant, $2 how many.
INSERT INTO order_number_blocks AS b (tenant_id, next) VALUES ($1, $2)
ON CONFLICT (tenant_id) DO UPDATE SET next = b.next + $2
RETURNING next - $2
