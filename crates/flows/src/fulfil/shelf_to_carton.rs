//! From the shelf into the carton: release, allocate, pick, pack.

use super::{Allocation, Fulfil, Line, Stage, fulfilment, keep, order, pack, pick, stock};
use crate::Step;
use commerce::orders::{CancelReason, OrderCommand, Units};
use kernel::{FulfilmentId, LineId, SiteId};
use warehouse::{
    Goods,
    fulfilments::{FulfilmentCommand, FulfilmentFact},
    inventory::StockCommand,
    packs::{PackCommand, PackFact},
    picks::{PickCommand, PickFact, PickLine},
};

/// From the shelf into the carton.
impl Fulfil {
    pub(super) fn fulfilment(&mut self, id: FulfilmentId, fact: &FulfilmentFact) -> Vec<Step> {
        match fact {
            FulfilmentFact::Opened { site, lines } => self.opened(id, site, lines),
            FulfilmentFact::Released { .. } => self.released(id),
            FulfilmentFact::Cancelled { lines, all } => self.cancelled(id, lines, *all),
            FulfilmentFact::PickingStarted
            | FulfilmentFact::Packed
            | FulfilmentFact::HandedOver
            | FulfilmentFact::Delivered
            | FulfilmentFact::Lost => vec![],
        }
    }

    /// Released at once, as a stream; with waves a planner asks for the release instead.
    fn opened(&mut self, id: FulfilmentId, site: &SiteId, lines: &[Goods]) -> Vec<Step> {
        let line = |goods: &Goods| Line {
            line: goods.line,
            sku: goods.sku.clone(),
            units: goods.units,
            allocation: Allocation::Asked,
            picked: 0,
            verified: 0,
        };
        *self = Fulfil {
            stage: Stage::Opened,
            site: Some(site.clone()),
            lines: lines.iter().map(line).collect(),
            ..Fulfil::default()
        };
        vec![fulfilment(id, FulfilmentCommand::Release { wave: None })]
    }

    fn released(&mut self, id: FulfilmentId) -> Vec<Step> {
        let Some(site) = self.site.clone() else { return vec![] };
        self.stage = Stage::Allocating;
        let mut steps = vec![order(id, OrderCommand::Release { fulfilment: id.number })];
        for Line { line, sku, units, .. } in self.lines.iter().filter(|line| line.units > 0) {
            let line = LineId::new(id.order, *line);
            let allocate = StockCommand::Allocate {
                line,
                fulfilment: id,
                site: site.clone(),
                units: *units,
                location: None,
                lot: None,
            };
            steps.push(stock(sku, allocate));
        }
        steps
    }

    /// A story that has lost its lines hears the last facts and does nothing.
    pub(super) fn line(&mut self, number: u32) -> Option<&mut Line> {
        let found = self.lines.binary_search_by_key(&number, |line| line.line);
        found.ok().map(|at| &mut self.lines[at])
    }

    pub(super) fn allocated(
        &mut self,
        id: FulfilmentId,
        line: u32,
        answer: Allocation,
    ) -> Vec<Step> {
        if self.stage != Stage::Allocating {
            return vec![];
        }
        if let Some(line) = self.line(line) {
            line.allocation = answer;
        }
        let wanted = |line: &&Line| line.units > 0;
        if self.lines.iter().filter(wanted).any(|line| line.allocation == Allocation::Asked) {
            return vec![];
        }
        self.stage = Stage::Picking;
        let ready = |line: &&Line| line.units > 0 && line.allocation == Allocation::Yes;
        let line = |line: &Line| PickLine {
            line: line.line,
            sku: line.sku.clone(),
            units: line.units,
            location: None,
        };
        let lines: Vec<PickLine> = self.lines.iter().filter(ready).map(line).collect();
        let open = PickCommand::Open { fulfilment: id.number, lines };
        if self.lines.iter().any(|line| ready(&line)) { vec![pick(id, open)] } else { vec![] }
    }

    /// Another site or bin could be tried here; until then what is not there is not sent.
    pub(super) fn not_allocated(&mut self, id: FulfilmentId, line: u32) -> Vec<Step> {
        let units = self.line(line).map_or(0, |line| line.units);
        let mut steps = Vec::new();
        if units > 0 {
            steps.push(keep(id, CancelReason::OutOfStock, vec![Units { line, units: 0 }]));
        }
        steps.extend(self.allocated(id, line, Allocation::No));
        steps
    }

    pub(super) fn pick(&mut self, id: FulfilmentId, fact: &PickFact) -> Vec<Step> {
        match fact {
            PickFact::LinePicked { line, units: picked, .. } => {
                let Some(known) = self.line(*line) else { return vec![] };
                known.picked = *picked;
                let line = LineId::new(id.order, *line);
                vec![stock(&known.sku, StockCommand::Pick { line, units: *picked })]
            }
            PickFact::LineShort { line, found, .. } => {
                let Some(known) = self.line(*line) else { return vec![] };
                let line_id = LineId::new(id.order, *line);
                let short = StockCommand::ShortPick { line: line_id, found: *found };
                let there = vec![Units { line: *line, units: *found }];
                vec![stock(&known.sku, short), keep(id, CancelReason::OutOfStock, there)]
            }
            PickFact::Done if self.stage == Stage::Picking => {
                let in_tote = |line: &&Line| line.picked.min(line.units) > 0;
                let goods =
                    |line: &Line| Goods { units: line.picked.min(line.units), ..line.goods() };
                let lines: Vec<Goods> = self.lines.iter().filter(in_tote).map(goods).collect();
                if lines.is_empty() {
                    return vec![];
                }
                self.stage = Stage::Packing;
                let picked = OrderCommand::Pick { fulfilment: id.number };
                vec![order(id, picked), pack(id, PackCommand::Open { lines })]
            }
            PickFact::Started { .. } => vec![fulfilment(id, FulfilmentCommand::StartPicking)],
            PickFact::Done
            | PickFact::Opened { .. }
            | PickFact::LetGo
            | PickFact::LinesCancelled { .. }
            | PickFact::Cancelled => vec![],
        }
    }

    pub(super) fn pack(&mut self, id: FulfilmentId, fact: &PackFact) -> Vec<Step> {
        match fact {
            PackFact::Verified { line, units } => {
                let Some(known) = self.line(*line) else { return vec![] };
                known.verified += units;
                let (line, units) = (LineId::new(id.order, *line), known.verified);
                vec![stock(&known.sku, StockCommand::Pack { line, units })]
            }
            PackFact::Sealed { weight_grams, .. } if self.stage == Stage::Packing => {
                self.stage = Stage::Sealed;
                self.weight_grams = *weight_grams;
                let lines = self.in_carton();
                let packed = OrderCommand::Pack { fulfilment: id.number, lines };
                vec![order(id, packed), fulfilment(id, FulfilmentCommand::Pack)]
            }
            PackFact::Sealed { .. }
            | PackFact::Opened { .. }
            | PackFact::LinesCancelled { .. }
            | PackFact::Cancelled => vec![],
        }
    }

    fn in_carton(&self) -> Vec<Units> {
        let inside = self
            .lines
            .iter()
            .map(|line| Units { line: line.line, units: line.verified.min(line.units) });
        inside.filter(|line| line.units > 0).collect()
    }
}

impl Line {
    fn goods(&self) -> Goods {
        Goods { line: self.line, sku: self.sku.clone(), units: self.units }
    }
}
