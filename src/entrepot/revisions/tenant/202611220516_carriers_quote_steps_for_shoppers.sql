-- A shopper's login moves its own quotes along: the trigger that watches the steps asks this.

grant execute on function carriers.quote_may_change_v1(text, text) to entrepot_shopper;
