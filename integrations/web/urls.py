"""Addresses of the merchants' pages. `merchant` is a merchant's public id."""

from __future__ import annotations

from django.urls import path

from integrations.web import (
    alerting,
    connection,
    events,
    home,
    overview,
    profiles,
    replaying,
    sending,
    suppressions,
    team,
    testing,
)

urlpatterns = [
    path("", home.home, name="home"),
    path("invitations/<str:token>/", home.invitation, name="invitation"),
    path("m/<str:merchant>/", overview.overview, name="overview"),
    path("m/<str:merchant>/events/", events.events, name="events"),
    path("m/<str:merchant>/events/<int:pk>/", events.event, name="event"),
    path("m/<str:merchant>/events/<int:pk>/send-again/", events.send_again, name="send_again"),
    path("m/<str:merchant>/profile-changes/", profiles.changes, name="profile_changes"),
    path("m/<str:merchant>/profile-changes/<int:pk>/", profiles.change, name="profile_change"),
    path("m/<str:merchant>/profile-changes/<int:pk>/send-again/", profiles.send_again, name="send_change_again"),
    path("m/<str:merchant>/suppressions/", suppressions.listing, name="suppressions"),
    path("m/<str:merchant>/suppressions/export/", suppressions.export, name="export_suppressions"),
    path("m/<str:merchant>/suppressions/compare/", suppressions.compare, name="compare_suppressions"),
    path("m/<str:merchant>/why/", events.why, name="why"),
    path("m/<str:merchant>/replay/", replaying.replay, name="replay"),
    path("m/<str:merchant>/replay/<int:pk>/cancel/", replaying.cancel, name="cancel_replay"),
    path("m/<str:merchant>/metrics/", sending.metrics, name="metrics"),
    path("m/<str:merchant>/metrics/<slug:kind>/", sending.metrics, name="metrics"),
    path("m/<str:merchant>/test-events/", testing.test_events, name="test_events"),
    path("m/<str:merchant>/sources/", sending.data_sources, name="data_sources"),
    path("m/<str:merchant>/sources/<str:source>/secret/", sending.secret, name="secret"),
    path("m/<str:merchant>/tokens/", sending.api_tokens, name="api_tokens"),
    path("m/<str:merchant>/tokens/<int:pk>/revoke/", sending.revoke, name="revoke"),
    path("m/<str:merchant>/team/", team.team, name="team"),
    path("m/<str:merchant>/team/<int:pk>/role/", team.role, name="role"),
    path("m/<str:merchant>/team/<int:pk>/withdraw/", team.withdraw, name="withdraw"),
    path("m/<str:merchant>/alerts/", alerting.alerting, name="alerts"),
    path("m/<str:merchant>/alerts/<int:pk>/remove/", alerting.remove, name="remove_alert"),
    path("m/<str:merchant>/alerts/<int:pk>/daily-list/", alerting.choose_daily_list, name="choose_daily_list"),
    path("m/<str:merchant>/changes/", team.trail, name="trail"),
    path("m/<str:merchant>/connection/", connection.connection, name="connection"),
    path("m/<str:merchant>/connection/send-failed/", connection.send_failed, name="send_failed"),
    path("m/<str:merchant>/connection/<slug:kind>/", connection.connection, name="connection"),
    path("m/<str:merchant>/connection/<slug:kind>/send-failed/", connection.send_failed, name="send_failed"),
]
