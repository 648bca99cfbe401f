"""The shipped rules and routes, carried out by the real Prometheus and Alertmanager against running daemons."""
