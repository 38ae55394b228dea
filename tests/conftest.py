"""Fixtures that every test may use."""

import pytest

from tests.postgres_fixture import server  # noqa: F401

# What `make fast` leaves to `make test`: each takes seconds, all together more than a minute.
SLOW = (
    "access/test_signature_properties.py",
    "api/test_database_wall_down.py",
    "api/test_no_500.py",
    "api/test_mock_erp.py::test_random_changes",
    "api/test_customising.py",
    "api/test_routing_previews.py",
    "api/test_tenant_matrix.py",
    "app/test_database_away.py",
    "app/test_launcher.py",
    "app/test_secrets.py",
    "carriers/test_live_adapters.py::test_the_adapter_keeps_the_contract",
    "carriers/test_live_adapters.py::test_a_careless",
    "carriers/test_live_adapters.py::test_loading_karrio",
    "carriers/test_card_imports.py::test_two_imports",
    "carriers/test_card_imports.py::test_a_price_table_is",
    "carriers/test_import_damage.py::test_a_damaged",
    "carriers/test_quote_replays.py",
    "carriers/test_rating_properties.py",
    "carriers/test_stored_quotes.py",
    "catalog/test_catalog_api.py::test_ten_thousand_rows_at_once",
    "flows/test_arrivals_races.py::test_a_lost_connection",
    "flows/test_arrivals_races.py::test_closing_against",
    "flows/test_consolidation_races.py",
    "flows/test_consolidation_walls.py::test_a_lost_connection",
    "jobs/test_worker.py",
    "parcels/test_matching.py",
    "platform/test_computing.py",
    "platform/test_revisions.py",
    "routing/allocators/test_asking.py",
    "routing/plugins/test_example_package.py",
    "routing/plugins/test_misbehaviour.py",
    "routing/plugins/test_samples.py",
    "routing/policy/test_never_torn.py",
    "routing/policy/test_properties.py",
    "routing/policy/test_scenarios.py",
    "routing/policy/test_sentences.py",
    "routing/policy/test_text.py",
    "routing/policy/test_trades.py::test_next_year_s_policy_touches_one_folder",
    "routing/test_capacities.py",
    "routing/test_kill_suite.py",
    "routing/test_oracle.py",
    "routing/test_properties.py",
    "routing/records/test_commands.py::test_the_server_answers_until_it_is_told_to_stop",
    "routing/records/test_promises_of_records.py",
    "routing/records/test_tampering.py",
    "routing/records/test_replaying.py::test_memory_does_not_grow_with_the_folder",
    "routing/test_releasing.py",
    "routing/test_tightening.py",
    "routing/test_waves.py",
    "flows/test_peak.py",
    "flows/test_stock_bounds.py::test_a_pool_changes",
    "flows/test_stock_races.py::test_two_processes",
    "flows/test_work_races.py::test_short_picks",
    "flows/test_work_races.py::test_two_who_send",
    "web/test_work_pages.py::test_a_transfer_from_the_office",
    "stock/test_machine.py::test_the_books",
    "tenancy/test_isolation.py",
    "web/test_every_form.py",
    "web/test_routing_page.py",
    "tenancy/test_provisioning.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is slow."""
    for item in items:
        if any(f"tests/{name}" in item.nodeid for name in SLOW):
            item.add_marker(pytest.mark.slow)
