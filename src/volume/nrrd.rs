//! The header of NRRD (<https://teem.sourceforge.net/nrrd/format.html>), read as pynrrd reads it.

use super::element::{Coding, Element};
use super::header::{Described, Packing};
use super::{VolumeError, VolumeFormat};

const FORMAT: VolumeFormat = VolumeFormat::Nrrd;
const UNFIT: &str = "Please export one CT volume as one .nrrd file, raw or gzip";

/// Recognises a header by its first line.
pub(super) fn recognise(head: &[u8]) -> bool {
    head.starts_with(b"NRRD000")
}

fn bad(field: &'static str, problem: impl Into<String>) -> VolumeError {
    VolumeError::BadField { format: FORMAT, field, problem: problem.into() }
}

fn unread(what: impl Into<String>) -> VolumeError {
    VolumeError::Unread { format: FORMAT, what: what.into(), instead: UNFIT }
}

/// The fields that are read, by their texts.
#[derive(Default)]
struct Fields<'a> {
    named: Vec<(&'static str, &'a str)>,
}

/// Names in the format's description, some with another spelling.
const NAMES: [(&str, &str); 17] = [
    ("dimension", "dimension"),
    ("sizes", "sizes"),
    ("type", "type"),
    ("encoding", "encoding"),
    ("endian", "endian"),
    ("space", "space"),
    ("space dimension", "space dimension"),
    ("space directions", "space directions"),
    ("space origin", "space origin"),
    ("space units", "space units"),
    ("kinds", "kinds"),
    ("byte skip", "byte skip"),
    ("byteskip", "byte skip"),
    ("line skip", "line skip"),
    ("lineskip", "line skip"),
    ("data file", "data file"),
    ("datafile", "data file"),
];

impl<'a> Fields<'a> {
    /// The fields before the empty line, and where the data begin.
    fn read(head: &'a [u8]) -> Result<(Self, u64), VolumeError> {
        let mut fields = Self::default();
        let mut at = 0;
        loop {
            let rest = head.get(at..).unwrap_or_default();
            let Some(end) = rest.iter().position(|&byte| byte == b'\n') else {
                return Err(bad("header", "has no end"));
            };
            let line = rest[..end].trim_ascii_end();
            let first = at == 0;
            at += end + 1;
            if line.is_empty() {
                return Ok((fields, at as u64));
            }
            if first || line.starts_with(b"#") {
                continue;
            }
            // Texts in other characters stand only where nothing is read.
            let Ok(line) = std::str::from_utf8(line) else { continue };
            let Some((name, value)) = line.split_once(':') else {
                return Err(bad("header", format!("has a line without a field: {:.40?}", line)));
            };
            // `key:=value` is for people.
            if value.starts_with('=') {
                continue;
            }
            let name = name.trim().to_ascii_lowercase();
            if let Some(&(_, name)) = NAMES.iter().find(|(spelling, _)| *spelling == name) {
                if fields.get(name).is_some() {
                    return Err(bad(name, "stands twice"));
                }
                fields.named.push((name, value.trim()));
            }
        }
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        self.named.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    fn need(&self, name: &'static str) -> Result<&'a str, VolumeError> {
        self.get(name).ok_or_else(|| bad(name, "is missing"))
    }

    fn number(&self, name: &'static str, default: i64) -> Result<i64, VolumeError> {
        let Some(text) = self.get(name) else { return Ok(default) };
        text.parse().map_err(|_| bad(name, format!("is {text:.40?}, no number")))
    }
}

/// Reads a header that was recognised, of a file of `len` bytes.
pub(super) fn read(head: &[u8], len: u64) -> Result<Described, VolumeError> {
    let (fields, data_at) = Fields::read(head)?;
    if let Some(file) = fields.get("data file") {
        return Err(unread(format!("keeps its voxels in another file ({file:.60})")));
    }
    let (shape, spatial) = shape(&fields)?;
    let element = element(fields.need("type")?)?;
    // Before the byte order, which texts of numbers have none of.
    let encoding = fields.need("encoding")?.to_ascii_lowercase();
    if !matches!(encoding.as_str(), "raw" | "gzip" | "gz") {
        return Err(unread(format!("is encoded as {encoding:.40?}")));
    }
    let big_endian = match fields.get("endian") {
        _ if element.bytes() == 1 => false,
        None => return Err(bad("endian", "is missing")),
        Some("little") => false,
        Some("big") => true,
        Some(other) => return Err(bad("endian", format!("is {other:.40?}"))),
    };
    let bytes = shape.iter().fold(element.bytes() as u64, |all, &n| all.saturating_mul(n));
    if fields.number("line skip", 0)? != 0 {
        return Err(unread("skips lines before its voxels"));
    }
    let skip = fields.number("byte skip", 0)?;
    let packing = match (encoding.as_str(), skip) {
        // The voxels are the last bytes; a file too short for them is refused by what it needs.
        ("raw", -1) => Packing::Plain(len.saturating_sub(bytes).max(data_at)),
        ("raw", 0..) => Packing::Plain(data_at.saturating_add(skip.unsigned_abs())),
        (_, 0..) => Packing::GzipFrom(data_at, skip.unsigned_abs()),
        _ => return Err(bad("byte skip", format!("is {skip}"))),
    };
    Ok(Described {
        format: FORMAT,
        shape,
        coding: Coding { element, big_endian, slope: 1.0, intercept: 0.0 },
        packing,
        affine_ras: affine(&fields, &spatial)?,
        orientation_stated: true,
    })
}

/// The sizes of the three axes in space, and which axes they are: others have one sample.
fn shape(fields: &Fields<'_>) -> Result<([u64; 3], Vec<usize>), VolumeError> {
    let text = fields.need("sizes")?;
    let sizes: Option<Vec<u64>> = text.split_whitespace().map(|size| size.parse().ok()).collect();
    let sizes = sizes.ok_or_else(|| bad("sizes", format!("are {text:.60?}, no numbers")))?;
    let dimension = fields.need("dimension")?;
    if dimension.parse() != Ok(sizes.len()) {
        return Err(bad("dimension", format!("is {dimension:.40?} beside {} sizes", sizes.len())));
    }
    let directions = fields.get("space directions").map(directions).transpose()?;
    let spatial: Vec<usize> = match &directions {
        Some(directions) if directions.len() == sizes.len() => {
            (0..sizes.len()).filter(|&axis| directions[axis].is_some()).collect()
        }
        Some(directions) => {
            let problem = format!("are {} beside {} sizes", directions.len(), sizes.len());
            return Err(bad("space directions", problem));
        }
        None => (0..sizes.len()).collect(),
    };
    if let Some(axis) = (0..sizes.len()).find(|axis| !spatial.contains(axis) && sizes[*axis] != 1) {
        return Err(unread(format!("has {} values a voxel (axis {})", sizes[axis], axis + 1)));
    }
    match spatial[..] {
        [a, b, c] => Ok(([sizes[a], sizes[b], sizes[c]], spatial)),
        _ => Err(unread(format!("has {} axes in space", spatial.len()))),
    }
}

/// The vectors of `space directions`, none for axes that are not in space.
fn directions(text: &str) -> Result<Vec<Option<[f64; 3]>>, VolumeError> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("none") {
            found.push(None);
            rest = after.trim_start();
        } else {
            let end = rest.find(')').ok_or_else(|| bad("space directions", "have no end"))?;
            found.push(Some(vector("space directions", &rest[..=end])?));
            rest = rest[end + 1..].trim_start();
        }
    }
    Ok(found)
}

/// `(1,0,0)`.
fn vector(field: &'static str, text: &str) -> Result<[f64; 3], VolumeError> {
    let wrong = || bad(field, format!("has {text:.60?} instead of three numbers"));
    let inner = text.trim().strip_prefix('(').and_then(|t| t.strip_suffix(')')).ok_or_else(wrong)?;
    let numbers: Option<Vec<f64>> =
        inner.split(',').map(|n| n.trim().parse().ok().filter(|v: &f64| v.is_finite())).collect();
    numbers.and_then(|n| n.try_into().ok()).ok_or_else(wrong)
}

/// From voxels to mm, to the patient's right, front and head.
fn affine(fields: &Fields<'_>, spatial: &[usize]) -> Result<[[f64; 4]; 3], VolumeError> {
    let Some(space) = fields.get("space") else {
        return Err(unread("does not say how it lies in the patient (no field \"space\")"));
    };
    let signs = match space.to_ascii_lowercase().as_str() {
        "left-posterior-superior" | "lps" => [-1.0, -1.0],
        "left-anterior-superior" | "las" => [-1.0, 1.0],
        "right-anterior-superior" | "ras" => [1.0, 1.0],
        other => return Err(unread(format!("lies in the space {other:.60?}, not in the patient's"))),
    };
    if let Some(units) = fields.get("space units")
        && units.split_whitespace().any(|unit| unit.trim_matches('"') != "mm")
    {
        return Err(unread(format!("has other units than mm ({units:.60})")));
    }
    let directions = directions(fields.need("space directions")?)?;
    let origin = fields.get("space origin").map_or(Ok([0.0; 3]), |text| vector("space origin", text))?;
    let steps: Vec<[f64; 3]> =
        spatial.iter().filter_map(|&axis| directions.get(axis).copied().flatten()).collect();
    let [a, b, c] = steps[..] else { return Err(bad("space directions", "are not three")) };
    Ok(std::array::from_fn(|row| {
        let sign = if row < 2 { signs[row] } else { 1.0 };
        [a, b, c, origin].map(|step| sign * step[row])
    }))
}

fn element(name: &str) -> Result<Element, VolumeError> {
    Ok(match name {
        "signed char" | "int8" | "int8_t" => Element::I8,
        "uchar" | "unsigned char" | "uint8" | "uint8_t" => Element::U8,
        "short" | "short int" | "signed short" | "signed short int" | "int16" | "int16_t" => Element::I16,
        "ushort" | "unsigned short" | "unsigned short int" | "uint16" | "uint16_t" => Element::U16,
        "int" | "signed int" | "int32" | "int32_t" => Element::I32,
        "uint" | "unsigned int" | "uint32" | "uint32_t" => Element::U32,
        "longlong"
        | "long long"
        | "long long int"
        | "signed long long"
        | "signed long long int"
        | "int64"
        | "int64_t" => Element::I64,
        "ulonglong" | "unsigned long long" | "unsigned long long int" | "uint64" | "uint64_t" => Element::U64,
        "float" => Element::F32,
        "double" => Element::F64,
        other => return Err(unread(format!("stores voxels of the type {other:.40?}"))),
    })
}
