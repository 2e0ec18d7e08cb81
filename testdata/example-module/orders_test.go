// Package shop is an example of a module that tests its messaging settings with
// Assay. Try it: go mod tidy && go test -v -artifacts ./...
package shop

import (
	"testing"

	"assay/scenarios/scenariotest"
)

// TestOrders holds the settings of this shop to what its authors believe of them.
func TestOrders(t *testing.T) {
	scenariotest.Run(t, "orders.yaml")
}
