package scenariotest_test

import (
	"testing"

	"assay/scenarios/scenariotest"
)

// A scenario of one's own, with everything that it says.
func ExampleRun() {
	_ = func(t *testing.T) {
		scenariotest.Run(t, "testdata/orders.yaml")
	}
}

// More seeds than the scenario has, on the settings of production, by night.
func ExampleRun_options() {
	_ = func(t *testing.T) {
		played := scenariotest.Run(t, "testdata/orders.yaml",
			scenariotest.Count(2000),
			scenariotest.Variants("base"),
			scenariotest.Set("/topics/orders/config/min.insync.replicas=1"))
		if played.Variants[0].Exercise["unclean_elections"] > 0 {
			t.Error("an unclean election: is unclean.leader.election.enable on?")
		}
	}
}
