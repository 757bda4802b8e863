-- What an order in a list is shown from (queries/order_items.py), of a row `o` of the list.
o.document, o.status, o.fulfillment_status, o.return_status, o.payment_status, o.holds, o.version, o.payment_terms, o.user_id,
o.updated_at
