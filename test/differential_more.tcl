# differential_more.tcl: random queries beyond the plain ones: compounds, windows, recursion, views,
# triggers, prepared statements that run again (differential.tcl).

proc differential::random_query {} {
  variable last_alias 0
  variable literal_only 0
  switch [choose {38 plain 24 join 6 count 10 group 6 compound 4 window 2 cte 2 recursive 3 view 2 trigger 2 write 5 again 2 self}] {
    plain { return [plain_query 1] }
    join { return [plain_query [choose {75 2 25 3}]] }
    count { return [count_query] }
    group { return [group_query] }
    compound { return [compound_query] }
    window { return [window_query] }
    cte { return [cte_query] }
    recursive { return [recursive_query] }
    view { return [view_query] }
    trigger { return [trigger_query] }
    write { return [write_query] }
    again { return [again_query] }
    self { return [self_query] }
  }
}

# ---------------------------------------------------------------- UNION and the like

proc differential::compound_query {} {
  set width [choose {50 1 35 2 15 3}]
  set count [choose {75 2 25 3}]
  set operators {}
  for {set i 1} {$i < $count} {incr i} { lappend operators [choose {35 {UNION ALL} 25 UNION 20 INTERSECT 20 EXCEPT}] }
  set exact [expr {[lsearch -not -exact $operators {UNION ALL}] < 0}]
  set branches {}
  set outputs {}
  for {set branch 0} {$branch < $count} {incr branch} {
    set from [from_tree scope [choose {85 1 15 2}] 2000]
    set columns {}
    for {set i 1} {$i <= $width} {incr i} {
      set output [output $scope o$i 0]
      set mark [expr {$exact ? "exact" : {tie ANY}}]
      lappend columns [list c o$i [list $mark] [lindex $output 0 3]]
      if {$branch == 0} { lappend outputs [list {} o$i ANY [t o$i]] }
    }
    set body [s [t "SELECT "] [list o {} ", " 99 {*}$columns] $from [where_tree [terms_for $scope]]]
    lappend branches [list b $body]
  }
  set tree [s [lindex $branches 0]]
  set singles [list [lindex $branches 0]]
  foreach operator $operators branch [lrange $branches 1 end] {
    set tree [x [list $tree $branch] [s $tree [t " $operator "] $branch]]
  }
  set order {t {}}
  if {[chance 60]} {
    set terms {}
    foreach output [some $outputs 1] {
      lappend terms [list k [lindex $output 1] ANY [t "[lindex $output 1][pick {{} { DESC} { NULLS LAST}}]"]]
    }
    set order [list o " ORDER BY " ", " 0 {*}$terms]
  }
  set limit [expr {[chance 40] ? [limit_tree] : {t {}}}]
  # which of several equal values a limit lets through is open
  return [dict create tree [s $tree $order $limit]]
}

# ---------------------------------------------------------------- windows

proc differential::window_query {} {
  set from [from_tree scope [choose {80 1 20 2}] 3000]
  set outputs {}
  foreach i {1 2} { lappend outputs [output $scope o$i 0] }
  set columns [lmap output $outputs {lindex $output 0}]
  lassign [any_column $scope] argument column
  lassign [any_column $scope] by by_column
  set partition [expr {[chance 50] ? "PARTITION BY [lindex [lindex [any_column $scope] 0] 1] " : ""}]
  # all columns, so that rows that tie are the same
  set total [join [lmap pair $scope {
    lassign $pair alias table
    join [lmap c [dict get $table seen] {string cat "[column_text $alias $c] COLLATE BINARY, typeof([column_text $alias $c])"}] {, }
  }] {, }]
  switch [random 6] {
    0 { set function [t "rank() OVER (${partition}ORDER BY [lindex $by 1])"] }
    1 { set function [t "dense_rank() OVER (${partition}ORDER BY [lindex $by 1] DESC)"] }
    2 { set function [s [t "count("] $argument [t ") OVER (${partition}ORDER BY [lindex $by 1])"]] }
    3 { set function [s [t "sum("] $argument [t " % 1000) OVER ($partition)"]] }
    4 { set function [t "row_number() OVER (${partition}ORDER BY $total)"] }
    5 { set function [s [t "lag(quote("] $argument [t ")) OVER (${partition}ORDER BY $total)"]] }
  }
  lappend columns [list c o3 [list {tie ANY}] [s $function [t " AS o3"]]]
  return [dict create tree [s [t "SELECT "] [list o {} ", " 1 {*}$columns] $from [where_tree [terms_for $scope]]]]
}

# ---------------------------------------------------------------- common table expressions

proc differential::cte_query {} {
  variable tables
  set table [pick_table]
  set inner [list [list i $table]]
  set names [lmap column [dict get $table seen] {dict get $column quoted}]
  set cte [s [t "WITH c ([join $names {, }]) AS [pick {{} {MATERIALIZED } {NOT MATERIALIZED }}](SELECT [join [lmap name $names {string cat i. $name}] {, }] FROM "] \
    [table_tree $table] [t " AS i"] [where_tree [terms_for $inner]] [t ") "]]
  set view [dict replace $table key ""]
  set scope [list [list c1 $view]]
  set from [t " FROM c AS c1"]
  if {[dict get $table count] < 100 && [chance 40]} {
    lappend scope [list c2 $view]
    set from [s $from [t " [pick {JOIN {LEFT JOIN}}] c AS c2 ON "] [join_term [lrange $scope 0 0] [lrange $scope 1 1]]]
  }
  set outputs {}
  foreach i {1 2} { lappend outputs [output $scope o$i 1] }
  set order [expr {[chance 40] ? [order_tree $outputs] : {t {}}}]
  return [dict create tree [s $cte [t "SELECT "] [list o {} ", " 1 {*}[lmap output $outputs {lindex $output 0}]] $from [where_tree [terms_for $scope]] $order]]
}

# Walks from value to value of two columns; only where equal values are the same values.
proc differential::recursive_query {} {
  variable tables
  foreach table [shuffled $tables] {
    set fit {}
    foreach column [dict get $table seen] {
      if {[dict get $column affinity] in {INTEGER TEXT} && [dict get $column collation] eq "BINARY"} { lappend fit $column }
    }
    if {$fit eq "" || [dict get $table count] > 100} continue
    set a [dict get [pick $fit] quoted]
    set b [dict get [pick $fit] quoted]
    set inner [list [list i $table]]
    set next [expr {[chance 50] ? "JOIN " : "CROSS JOIN "}]
    set tree [s [t "WITH RECURSIVE c (x, step) AS (SELECT i.$a, 0 FROM "] [table_tree $table] [t " AS i"] [where_tree [list [term $inner 1]]] \
      [t " UNION SELECT j.$b, step + 1 FROM c $next"] [table_tree $table] [t " AS j ON j.$a = c.x WHERE step < 3"] \
      [t ") SELECT "] [list c {o1 o2} {{tie ANY} exact} [t "x AS o1, step AS o2"]] [t " FROM c"] [list o " ORDER BY " ", " 0 [list k o1 ANY [t o1]]]]
    return [dict create tree $tree]
  }
  return [plain_query 1]
}

# ---------------------------------------------------------------- views and triggers

proc differential::view_query {} {
  variable tables
  variable literal_only 1
  set table [pick_table]
  set inner [list [list i $table]]
  set before [s [t "CREATE TEMP VIEW vw AS SELECT [join [lmap column [dict get $table seen] {string cat i. [dict get $column quoted]}] {, }] FROM "] \
    [table_tree $table] [t " AS i"] [where_tree [terms_for $inner]]]
  set literal_only 0
  set scope [list [list v1 [dict replace $table key ""]]]
  set from [t " FROM temp.vw AS v1"]
  if {[dict get $table count] < 100 && [chance 30]} {
    lappend scope [list v2 [dict replace $table key ""]]
    set from [s $from [t " JOIN temp.vw AS v2 ON "] [join_term [lrange $scope 0 0] [lrange $scope 1 1]]]
  }
  set outputs {}
  foreach i {1 2} { lappend outputs [output $scope o$i 1] }
  set order [expr {[chance 40] ? [order_tree $outputs] : {t {}}}]
  return [dict create before [list $before] after [list [t "DROP VIEW IF EXISTS temp.vw"]] \
    tree [s [t "SELECT "] [list o {} ", " 1 {*}[lmap output $outputs {lindex $output 0}]] $from [where_tree [terms_for $scope]] $order]]
}

# A temp trigger that reads a table for each row put into a local one.
proc differential::trigger_query {} {
  variable tables
  variable literal_only 1
  set table [pick_table]
  set scope [list [list i $table]]
  lassign [any_column $scope] tree column
  lassign [any_column $scope] shown
  set operator [pick {= = = <= IS}]
  set before [list [t "CREATE TEMP TABLE seen (new_x, x)"] [t "CREATE TEMP TABLE asked (x [dict get $column type])"]]
  lappend before [s [t "CREATE TEMP TRIGGER tr AFTER INSERT ON asked BEGIN INSERT INTO seen SELECT NEW.x, "] $shown [t " FROM "] \
    [table_tree $table] [t " AS i WHERE "] $tree [t " $operator NEW.x"] [list o " AND " " AND " 0 {*}[terms_for $scope]] [t "; END"]]
  set literal_only 0
  set rows {}
  for {set i 0} {$i < 4} {incr i} { lappend rows [s [t "("] [value_for $column] [t ")"]] }
  lappend before [s [t "INSERT INTO asked VALUES "] [list o {} ", " 1 {*}$rows]]
  return [dict create before $before tree [s [t "SELECT "] [list c {o1 o2} {exact exact} [t "new_x, x"]] [t " FROM temp.seen"]] \
    after [list [t "DROP TABLE IF EXISTS temp.asked"] [t "DROP TABLE IF EXISTS temp.seen"]]]
}

# Local rows that are written by what a table has.
proc differential::write_query {} {
  variable tables
  set scope [list [list w [lindex [lmap table $tables {if {[dict get $table name] ne "loc"} continue; set table}] 0]]]
  set column [pick [dict get [lindex $scope 0 1] seen]]
  set quoted [dict get $column quoted]
  set inner [subquery_column $scope $column]
  switch [random 3] {
    0 { set change [s [t "DELETE FROM temp.w WHERE $quoted IN ("] $inner [t ")"]] }
    1 { set change [s [t "UPDATE temp.w SET k = ("] [subquery_column $scope $column count] [t ")"]] }
    2 { set change [s [t "INSERT INTO temp.w ($quoted) "] $inner] }
  }
  return [dict create before [list [t "CREATE TEMP TABLE w AS SELECT * FROM near.loc"] $change] after [list [t "DROP TABLE IF EXISTS temp.w"]] \
    tree [s [t "SELECT "] [list c {o1 o2 o3} {exact exact exact} [t "k, n, s"]] [t " FROM temp.w"]]]
}

# ---------------------------------------------------------------- other

# The same prepared statement, each time with other values.
proc differential::again_query {} {
  set query [plain_query [choose {75 1 25 2}]]
  dict set query runs [choose {50 2 50 4}]
  return $query
}

# A table joined with itself on its key or on equal values.
proc differential::self_query {} {
  variable tables
  set table [pick_table]
  if {[dict get $table count] > 100} { return [plain_query 1] }
  set scope [list [list p $table] [list q $table]]
  set on [join_term [lrange $scope 0 0] [lrange $scope 1 1]]
  if {[dict get $table key] ne "" && [chance 50]} { set on [t "p.rowid = q.[dict get [lindex [dict get $table seen] 0] quoted]"] }
  set outputs {}
  foreach i {1 2 3} { lappend outputs [output $scope o$i 1] }
  set order [expr {[chance 50] ? [order_tree $outputs] : {t {}}}]
  return [dict create tree [s [t "SELECT "] [list o {} ", " 1 {*}[lmap output $outputs {lindex $output 0}]] [t " FROM "] [table_tree $table] \
    [t " AS p [pick {JOIN {LEFT JOIN} {FULL JOIN}}] "] [table_tree $table] [t " AS q ON "] $on [where_tree [terms_for $scope]] $order]]
}
