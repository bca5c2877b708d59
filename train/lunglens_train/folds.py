"""Which slices are held out: patients dealt into four folds, the first of them the official validation patients."""

FOLDS = 4
# Chosen by hand so that slices and severity are spread evenly; fold 0 is the validation split of covid-ct-slices.
PATIENTS = (
    ("coronacases_006", "coronacases_009", "radiopaedia_36", "radiopaedia_4"),
    ("coronacases_001", "coronacases_004", "radiopaedia_29"),
    ("coronacases_002", "radiopaedia_10", "radiopaedia_40"),
    ("coronacases_005", "coronacases_007", "coronacases_010", "siemens"),
)


def fold_of(one, medseg_order):
    """The fold that a slice is held out in. MedSeg's slices go in runs of neighbours, which may be one patient's."""
    if one.source.startswith("medseg"):
        return medseg_order.index(one.name.removesuffix("-clahe")) * FOLDS // len(medseg_order)
    found = [k for k, patients in enumerate(PATIENTS) if one.patient in patients]
    if len(found) != 1:
        raise ValueError(f"patient {one.patient} is in {len(found)} folds")
    return found[0]


def held_out(fold, medseg_order):
    """What `lunglens evaluate --folds` is told of a fold: patients, MedSeg's pictures, the series without lesions."""
    series = {"siemens": "siemens-b40f-30"}
    pictures = [name for i, name in enumerate(medseg_order) if i * FOLDS // len(medseg_order) == fold]
    return [series.get(patient, patient) for patient in PATIENTS[fold]] + pictures
