# English. One message per thing said to a person; shared by the reports, the collector's page and the
# hub's pages. Files named en-*.ftl add to this catalogue, one per part of the house.

product = Larum
severity = { $level ->
    [info] for information
    [low] low
    [medium] medium
    [high] high
   *[critical] critical
}
