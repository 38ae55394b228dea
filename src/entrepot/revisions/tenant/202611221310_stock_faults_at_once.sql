-- stock.faults_of_v1 names all faults of a request at once: what named one of them goes.
drop function if exists stock.unknown_v1(text, text);
drop function if exists stock.kits_too_large_v1();
