-- name: lock_setting
select s.rules from consolidation.setting as s
for update;

-- name: count_others
select count(*) from consolidation.carton as c
where c.code <> :code;

-- name: end_carton
delete from consolidation.carton as c
where c.code = :code
returning c.code;

-- name: put_carton
insert into consolidation.carton (code, inner_mm, outer_mm, tare_g, max_g, cost_minor)
values (:code, :inner_mm, :outer_mm, :tare_g, :max_g, :cost_minor);

-- name: change_rules
update consolidation.setting set rules = :rules, changed_at = :now;
