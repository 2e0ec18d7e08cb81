package reports

import (
	"assay/reports/diagram"
	"assay/scenarios/result"
)

// scene is the part of a story that shows how a claim was violated, or nil.
func (run Run) scene(variant result.Variant, claim result.Claim) *result.Scene {
	story := run.story(variant.Name, claim.FirstViolating)
	if story == nil {
		return nil
	}
	for i := range story.Scenes {
		if s := &story.Scenes[i]; s.Claim == claim.Name && len(s.Messages)+len(s.Marks) > 0 {
			return s
		}
	}
	return nil
}

// sceneFile is the name of a scene's diagram in the run folder.
func sceneFile(variant, claim string) string {
	return "plots/scene-" + variantInName(claim) + "-" + variantInName(variant) + ".svg"
}

// sceneFiles are the diagrams of all counterexamples.
func (run Run) sceneFiles() []File {
	var files []File
	for _, c := range counterexamples(run.Result) {
		if s := run.scene(c.Variant, c.Claim); s != nil {
			files = append(files, File{sceneFile(c.Variant.Name, c.Claim.Name), diagram.SVG(*s)})
		}
	}
	return files
}
