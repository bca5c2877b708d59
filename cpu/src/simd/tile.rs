//! The innermost loops: a tile of a matrix product.

use super::Lanes;

/// Vectors of a tile's row.
pub(crate) const TILE_VECTORS: usize = 2;

/// `sums += rows * panel`: each row has as many floats as the panel has rows of two vectors.
#[inline(always)]
pub(crate) fn multiply_floats<V: Lanes, const ROWS: usize>(
    rows: [&[f32]; ROWS],
    panel: &[f32],
    sums: &mut [[V; TILE_VECTORS]; ROWS],
) {
    let depth = rows[0].len();
    assert!(rows.iter().all(|row| row.len() == depth), "rows of a tile are of one length");
    assert!(panel.len() >= depth * TILE_VECTORS * V::COUNT, "a panel is as deep as its rows");
    let rows = rows.map(<[f32]>::as_ptr);
    let mut columns = panel.as_ptr();
    let mut local = *sums;
    for k in 0..depth {
        // SAFETY: `k` is below each row's length, and the panel holds two vectors for each `k` (both asserted).
        let vectors: [V; TILE_VECTORS] = unsafe {
            let vectors = [
                V::load(std::slice::from_raw_parts(columns, V::COUNT)),
                V::load(std::slice::from_raw_parts(columns.add(V::COUNT), V::COUNT)),
            ];
            columns = columns.add(TILE_VECTORS * V::COUNT);
            vectors
        };
        for (row, sum) in rows.iter().zip(&mut local) {
            // SAFETY: as above.
            let value = V::splat(unsafe { *row.add(k) });
            sum[0] = value.mul_add(vectors[0], sum[0]);
            sum[1] = value.mul_add(vectors[1], sum[1]);
        }
    }
    *sums = local;
}

/// `sums += rows * panel` of whole numbers: each row has as many, an even count, as the panel has rows, which lie in pairs:
/// two vectors of two whole numbers a lane for each pair of the row.
#[inline(always)]
pub(crate) fn multiply_pairs<V: Lanes, const ROWS: usize>(
    rows: [&[i16]; ROWS],
    panel: &[i16],
    sums: &mut [[V::Sums; TILE_VECTORS]; ROWS],
) {
    let depth = rows[0].len();
    assert!(rows.iter().all(|row| row.len() == depth), "rows of a tile are of one length");
    assert!(depth.is_multiple_of(2), "whole numbers are multiplied in pairs");
    assert!(panel.len() >= depth * TILE_VECTORS * V::COUNT, "a panel is as deep as its rows");
    let rows = rows.map(|row| row.as_ptr().cast::<i32>());
    let mut columns = panel.as_ptr();
    let mut local = *sums;
    for k in 0..depth / 2 {
        // SAFETY: the panel holds two vectors of two whole numbers a lane for each pair (asserted).
        let vectors: [&[i16]; TILE_VECTORS] = unsafe {
            let vectors = [
                std::slice::from_raw_parts(columns, 2 * V::COUNT),
                std::slice::from_raw_parts(columns.add(2 * V::COUNT), 2 * V::COUNT),
            ];
            columns = columns.add(TILE_VECTORS * 2 * V::COUNT);
            vectors
        };
        for (row, sum) in rows.iter().zip(&mut local) {
            // SAFETY: `k` is below half of each row's length (asserted).
            let pair = unsafe { row.add(k).read_unaligned() };
            sum[0] = V::add_products(sum[0], pair, vectors[0]);
            sum[1] = V::add_products(sum[1], pair, vectors[1]);
        }
    }
    *sums = local;
}
