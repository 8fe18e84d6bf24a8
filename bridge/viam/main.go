// Viam is a module for viam-server: a vision service that sees how a task in front of a camera is going. viam-server starts it; see
// README.md for a machine's configuration.
package main

import (
	"go.viam.com/rdk/module"
	"go.viam.com/rdk/resource"
	"go.viam.com/rdk/services/vision"
)

func main() {
	resource.RegisterService(vision.API, model, resource.Registration[vision.Service, *config]{Constructor: open})
	module.ModularMain(resource.APIModel{API: vision.API, Model: model})
}
