package format

// Overrides are the settings in which a variant differs from its base, as Render
// writes them: equal variants have equal overrides, however their files say it.
// What is deleted has the value null. Expectations of claims are left out.
func (v Variant) Overrides(base Scenario) []Setting {
	var list []Setting
	set := differences(scenarioTree(base), base, v).Set
	if set == nil {
		return nil
	}
	for _, e := range set.entries {
		list = append(list, Setting{Pointer: e.key, Value: oneLine(e.value)})
	}
	return list
}
