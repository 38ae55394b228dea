-- The stock room: goods of a recalled lot that somebody puts into quarantine for another reason
-- while the recall is open are counted with those that lay there before it.
grant update (units) on stock.recall_before to entrepot_app;
