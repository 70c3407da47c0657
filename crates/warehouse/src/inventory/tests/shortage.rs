//! What happens when less lies there than was believed, and when more comes in.

use super::*;

#[test]
fn a_short_pick_gives_the_missing_units_back_to_the_line_and_blocks_as_many_until_they_are_counted()
{
    let news = [short_picked(1, 2), blocked(2, BlockReason::Counting)];
    given::<Stock>(way(4)).when(short_pick(1, 3)).then(news.clone());
    let after = || with(way(4), news.clone());
    assert_eq!((after().state().at(Stage::Committed), after().state().available()), (2, 3));
    after().when(short_pick(1, 3)).then_nothing_happened();
    after().when(pick(1, 3)).then([picked(1, 3)]);
    with(way(4), [picked(1, 3)]).when(short_pick(1, 3)).then(news.clone());
    with(way(4), [picked(1, 5)]).when(short_pick(1, 3)).then_nothing_happened();
    given::<Stock>(way(1)).when(short_pick(1, 0)).refused(Refusal::NotPromised { line: line(1) });
}

#[test]
fn a_short_pick_with_nothing_else_to_take_makes_the_newest_promises_short() {
    let tight = vec![received(5), held(1, 3), committed(1), allocated(1, 1, 3), held(2, 2)];
    with(tight.clone(), []).when(short_pick(1, 0)).then([
        short_picked(1, 3),
        shortfall(2, 2, Stage::Held),
        shortfall(1, 1, Stage::Committed),
        blocked(3, BlockReason::Counting),
    ]);
}

#[test]
fn where_bins_are_kept_a_short_pick_blocks_what_should_be_left_in_that_bin() {
    let facts = [received_in("A", 6), received_in("B", 4), held(1, 5), committed(1)];
    let facts = || given::<Stock>(facts.clone().into_iter().chain([allocated_in("A", 1, 5)]));
    let rest = |units| Fact::Blocked {
        site: main(),
        units,
        reason: BlockReason::Counting,
        location: Some("A".into()),
        lot: None,
    };
    facts().when(short_pick(1, 2)).then([short_picked(1, 3), rest(4)]);
}

#[test]
fn a_loss_makes_promises_short_the_newest_first_holds_before_commitments_before_pickers() {
    let mut facts = vec![received(10)];
    facts.extend([held(1, 2), committed(1), allocated(1, 1, 2), held(2, 2), committed(2)]);
    facts.extend([held(3, 2), committed(3), held(4, 1), held(5, 1)]);
    let loss = |change| with(facts.clone(), []).when(adjust(change));
    loss(-2).then([adjusted(-2)]);
    loss(-3).then([shortfall(5, 1, Stage::Held), adjusted(-3)]);
    loss(-10).then([
        shortfall(5, 1, Stage::Held),
        shortfall(4, 1, Stage::Held),
        shortfall(3, 2, Stage::Committed),
        shortfall(2, 2, Stage::Committed),
        shortfall(1, 2, Stage::Allocated),
        adjusted(-10),
    ]);
}

#[test]
fn an_adjustment_is_refused_only_where_less_lies_than_is_said_to_be_gone() {
    given::<Stock>(way(6)).when(adjust(-6)).refused(Refusal::NotThere { there: 5 });
    given::<Stock>(way(6)).when(adjust(-5)).then([adjusted(-5)]);
    given::<Stock>([]).when(adjust(-1)).refused(Refusal::NotThere { there: 0 });
    given::<Stock>([]).when(adjust(7)).then([adjusted(7)]);
    for nonsense in [0, 1_000_001, i64::MIN] {
        given::<Stock>(way(1)).when(adjust(nonsense)).refused(Refusal::BadChange);
    }
}

#[test]
fn a_count_takes_what_was_being_counted_before_what_could_be_sold() {
    let counting = [blocked(2, BlockReason::Counting), blocked(3, BlockReason::Damaged)];
    let facts = || with(way(1), counting.clone());
    let unblock = |units| unblocked(units, BlockReason::Counting);
    facts().when(adjust(-1)).then([unblock(1), adjusted(-1)]);
    facts().when(adjust(-6)).then([unblock(2), adjusted(-6)]);
    let damaged = unblocked(1, BlockReason::Damaged);
    facts().when(adjust(-8)).then([unblock(2), damaged, adjusted(-8)]);
    facts().when(adjust(-11)).refused(Refusal::NotThere { there: 10 });
}

#[test]
fn a_line_that_is_short_gets_what_comes_in_before_anybody_else() {
    let mut facts = vec![received(4), held(1, 2), committed(1), held(2, 2)];
    facts.extend([shortfall(2, 2, Stage::Held), shortfall(1, 1, Stage::Committed), adjusted(-3)]);
    let short = || with(facts.clone(), []);
    assert_eq!((short().state().short(), short().state().available()), (3, 0));
    short().when(hold(3, 1)).refused(Refusal::OutOfStock { available: 0 });
    let receive = |units| Command::Receive {
        site: main(),
        quantity: quantity(units),
        location: None,
        lot: None,
        reference: None,
    };
    let (first, second) = (covered(1, 1, Stage::Committed), |units| covered(2, units, Stage::Held));
    short().when(receive(1)).then([received(1), first.clone()]);
    short().when(receive(2)).then([received(2), first.clone(), second(1)]);
    short().when(receive(9)).then([received(9), first, second(2)]);
    short().when(release(1, 0)).then([released(1, 2, Stage::Committed, 1), second(1)]);
    let all = Refusal::NotReady { line: line(1), there: 1 };
    short().when(allocate(1, 1, 2)).refused(all);
}

#[test]
fn releasing_what_is_short_gives_nothing_back() {
    let facts = [received(2), held(1, 2), shortfall(1, 2, Stage::Held), adjusted(-2)];
    given::<Stock>(facts.clone()).when(release(1, 1)).then([released(1, 1, Stage::Held, 1)]);
    let nothing = with(facts.to_vec(), [released(1, 2, Stage::Held, 2)]);
    assert_eq!((nothing.state().available(), nothing.state().short()), (0, 0));
}

#[test]
fn a_picker_who_finds_what_was_believed_to_be_lost_is_believed() {
    let lost = [shortfall(1, 2, Stage::Allocated), adjusted(-2)];
    let facts = vec![received(5), held(1, 5), committed(1), allocated(1, 1, 5)];
    let found = Fact::Adjusted {
        site: main(),
        change: 2,
        reason: AdjustReason::Found,
        location: None,
        lot: None,
    };
    let short = || with(facts.clone(), lost.clone());
    short().when(pick(1, 3)).then([picked(1, 3)]);
    short().when(pick(1, 5)).then([found, covered(1, 2, Stage::Allocated), picked(1, 5)]);
    // He does not find them either: they are as short as before, and nothing more is to be counted.
    short().when(short_pick(1, 3)).then([short_picked(1, 2)]);
    let again = with(facts.clone(), lost.into_iter().chain([short_picked(1, 2)]));
    assert_eq!((again.state().short(), again.state().at(Stage::Committed)), (2, 2));
}

#[test]
fn what_came_back_is_on_hand_once_and_only_if_it_can_be_sold() {
    let restock = |disposition| Command::Restock {
        site: main(),
        return_id: ReturnId::new(order(1), 1),
        line: 1,
        quantity: quantity(2),
        disposition,
    };
    let restocked = |disposition| Fact::Restocked {
        site: main(),
        return_id: ReturnId::new(order(1), 1),
        line: 1,
        units: 2,
        disposition,
    };
    for (disposition, on_hand) in [
        (Disposition::Restock, 7),
        (Disposition::Refurbish, 5),
        (Disposition::Scrap, 5),
        (Disposition::BackToSupplier, 5),
        (Disposition::BackToCustomer, 5),
    ] {
        given::<Stock>(way(7)).when(restock(disposition)).then([restocked(disposition)]);
        let after = with(way(7), [restocked(disposition)]);
        assert_eq!((after.state().on_hand(), after.state().available()), (on_hand, on_hand));
        after.when(restock(disposition)).then_nothing_happened();
    }
    let both = with(way(7), [restocked(Disposition::Scrap)]);
    both.when(restock(Disposition::Restock)).then([restocked(Disposition::Restock)]);
}

#[test]
fn what_is_blocked_cannot_be_promised_and_may_break_promises() {
    let block = |units| Command::Block {
        site: main(),
        quantity: quantity(units),
        reason: BlockReason::Quarantine,
        location: None,
        lot: None,
    };
    let unblock = |units| Command::Unblock {
        site: main(),
        quantity: quantity(units),
        reason: BlockReason::Quarantine,
        location: None,
        lot: None,
    };
    let news = |units| blocked(units, BlockReason::Quarantine);
    given::<Stock>(way(2)).when(block(5)).then([news(5)]);
    given::<Stock>(way(2)).when(block(6)).then([shortfall(1, 1, Stage::Held), news(6)]);
    given::<Stock>(way(2)).when(block(11)).refused(Refusal::NotThere { there: 10 });
    let six = || with(way(2), [shortfall(1, 1, Stage::Held), news(6)]);
    assert_eq!((six().state().available(), six().state().on_hand()), (0, 10));
    let free = |units| unblocked(units, BlockReason::Quarantine);
    six().when(unblock(6)).then([free(6), covered(1, 1, Stage::Held)]);
    six().when(unblock(7)).refused(Refusal::NotThere { there: 6 });
}
