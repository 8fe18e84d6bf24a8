package egotsr_test

import (
	"fmt"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/dataset"
)

func ExamplePossible() {
	kept, refused := egotsr.Possible([]dataset.Episode{
		{Scene: "kitchen", ID: "1", Task: "Store the cube", Plan: []string{"Open the drawer.", "Grasp the cube.", "Place the cube in the drawer.", "Close the drawer."}},
		{Scene: "kitchen", ID: "2", Task: "Store the cube", Plan: []string{"Open the drawer.", "Close the drawer.", "Grasp the cube.", "Place the cube in the drawer."}},
	})
	fmt.Println(len(kept), "kept")
	for _, err := range refused {
		fmt.Println(err)
	}
	// Output:
	// 1 kept
	// dataset: episode kitchen/2: decompose: missing step: step 3, place(cube,drawer), needs open(drawer), which step 1 took away
}
