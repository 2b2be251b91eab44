# differential_query.tcl: random terms and plain queries (differential.tcl says what a tree is). A scope
# is a list of {alias table}: what FROM has. Functions are kept from what SQLite leaves open or ends with
# an error that depends on the order of evaluation (abs of the least integer, sum that overflows).

# ---------------------------------------------------------------- trees

proc differential::t {text} { list t $text }
proc differential::s {args} { list s {*}$args }
proc differential::x {instead tree} { list x $instead $tree }

proc differential::literal {text} { t $text }

# A pair as a value; three more pairs for the runs of a prepared statement.
proc differential::value_tree {pair {others {}}} {
  variable literal_only
  lassign $pair type value
  set wide [expr {$type eq "t" && [is_wide $value]}]
  if {$literal_only} {
    if {$wide} { lassign {t a} type value }
    return [list v 0 $type $value {}]
  }
  if {$others eq ""} { set others [list $pair $pair $pair] }
  return [list v [expr {$wide || $type eq "hex" || [chance 55]}] $type $value $others]
}

# ---------------------------------------------------------------- columns and values

proc differential::column_text {alias column} { return $alias.[dict get $column quoted] }

proc differential::any_column {scope} {
  lassign [pick $scope] alias table
  set column [pick [dict get $table seen]]
  return [list [t [column_text $alias $column]] $column]
}

# A pair that is likely to matter to this column.
proc differential::pair_for {column} {
  set values [dict get $column values]
  if {$values eq "" || [chance 25]} { return [odd_value] }
  set pair [pick $values]
  if {[chance 40]} { set pair [like_value $pair] }
  if {[chance 8]} { set pair [like_value $pair] }
  return $pair
}

proc differential::value_for {column} {
  set pair [pair_for $column]
  set tree [value_tree $pair [list [pair_for $column] [pair_for $column] [pair_for $column]]]
  switch [random 30] {
    0 { return [x [list $tree] [s [t "CAST("] $tree [t " AS [pick {INTEGER TEXT REAL BLOB NUMERIC}])"]]] }
    1 { return [x [list $tree] [s [t "(SELECT "] $tree [t ")"]]] }
    2 { return [x [list $tree] [s [t "+"] $tree]] }
    3 { return [x [list $tree] [s $tree [t " COLLATE [pick {NOCASE RTRIM BINARY}]"]]] }
    4 { return [x [list $tree] [s [t "coalesce("] $tree [t ", 1)"]]] }
    default { return $tree }
  }
}

# An expression over a column: the server is not asked for these, or only for some.
proc differential::expression {scope {depth 0}} {
  lassign [any_column $scope] tree column
  if {$depth == 0 && [chance 8] && [dict get $column collation] eq "BINARY"} {
    return [list [x [list $tree] [s [t "("] [subquery_column $scope $column [pick {count count min max}]] [t ")"]]] $column]
  }
  switch [random 27] {
    0 { set new [s $tree [t " + 1"]] }
    1 { set new [s [t "-"] $tree] }
    2 { set new [s [t "lower("] $tree [t ")"]] }
    3 { set new [s [t "length("] $tree [t ")"]] }
    4 { set new [s [t "substr("] $tree [t ", [pick {1 2 -1 0}], [pick {1 2 10}])"]] }
    5 { set new [s [t "coalesce("] $tree [t ", "] [value_for $column] [t ")"]] }
    6 { set new [s [t "CAST("] $tree [t " AS [pick {INTEGER TEXT REAL BLOB NUMERIC}])"]] }
    7 { set new [s $tree [t " || "] [value_for $column]] }
    8 { set new [s [t "typeof("] $tree [t ")"]] }
    9 { set new [s [t "+"] $tree] }
    10 { set new [s [t "quote("] $tree [t ")"]] }
    11 { set new [s [t "nullif("] $tree [t ", "] [value_for $column] [t ")"]] }
    12 { set new [s [t +] $tree [t " COLLATE [pick {NOCASE RTRIM BINARY}]"]] }
    13 { set new [s [t "hex("] $tree [t ")"]] }
    14 { set new [s [t "CASE WHEN "] [term $scope [expr {$depth + 1}]] [t " THEN "] $tree [t " ELSE "] [value_for $column] [t " END"]] }
    15 { set new [s $tree [t " % 7"]] }
    16 { set new [s $tree [t " | 1"]] }
    17 { set new [s [t "upper(trim("] $tree [t "))"]] }
    18 { set new [s [t "instr("] $tree [t ", "] [value_for $column] [t ")"]] }
    19 { set new [s [t "[pick {date datetime time julianday}]("] $tree [t ")"]] }
    20 { set new [s [t "max("] $tree [t ", "] [value_for $column] [t ")"]] }
    21 { set new [s [t "ifnull("] $tree [t ", "] [lindex [any_column $scope] 0] [t ")"]] }
    22 { set new [s [t "likely("] $tree [t ")"]] }
    23 { set new [s $tree [t " IS NULL"]] }
    24 { set new [s [t "("] $tree [t " = "] [value_for $column] [t ")"]] }
    25 { set new [s [t "unicode("] $tree [t ")"]] }
    26 { set new [s [t "("] $tree [t ")"]] }
  }
  return [list [x [list $tree] $new] $column]
}

proc differential::operand {scope depth} {
  if {[chance 80]} { return [any_column $scope] }
  return [expression $scope $depth]
}

# ---------------------------------------------------------------- terms of WHERE, ON, HAVING

proc differential::comparison {} { choose {30 =  6 ==  8 <>  4 !=  10 <  10 <=  10 >  10 >=  5 IS  4 {IS NOT}} }

# Patterns that find something now and then.
proc differential::pattern_pair {column glob} {
  lassign [pair_for $column] type value
  if {$type ne "t" || [is_wide $value]} { return [list $type $value] }
  set value [string range $value 0 30]
  lassign [expr {$glob ? {* ?} : {% _}}] many one
  switch [random 9] {
    0 { set value [string range $value 0 0]$many }
    1 { set value $many$value }
    2 { set value $many$value$many }
    3 { set value [string range $value 0 end-1]$one }
    4 { set value [string range $value 0 1]$many[string range $value 3 end] }
    5 { set value [upper [string range $value 0 1]]$many }
    6 { set value [pick [expr {$glob ? {{[a-z]*} {[^a]*} {*[*]*} {[A]*} a[bB]* * ? ?? {[]]*} {[a} {a\*}} : {% _ __ a% A% %a %\\% %% {} a\\% é% É%}}]] }
    7 { append value $many }
  }
  return [list t $value]
}

proc differential::like_term {tree column} {
  set not [expr {[chance 25] ? "NOT " : ""}]
  if {[chance 35]} {
    return [s $tree [t " ${not}GLOB "] [value_tree [pattern_pair $column 1] [list [pattern_pair $column 1] [pattern_pair $column 1] {n {}}]]]
  }
  set plain [s $tree [t " ${not}LIKE "] [value_tree [pattern_pair $column 0] [list [pattern_pair $column 0] [pattern_pair $column 0] {i 5}]]]
  if {[chance 20]} { return [x [list $plain] [s $plain [t " ESCAPE '[pick {\\ % _ a ! é}]'"]]] }
  return $plain
}

proc differential::in_term {scope tree column} {
  set not [expr {[chance 25] ? "NOT " : ""}]
  if {[chance 25]} {
    return [s $tree [t " ${not}IN ("] [subquery_column $scope $column] [t ")"]]
  }
  set items {}
  for {set i [choose {6 0 20 1 30 2 25 3 12 6 3 20}]} {$i > 0} {incr i -1} { lappend items [value_for $column] }
  if {[chance 12]} { lappend items [t NULL] }
  if {[chance 4]} { lappend items [lindex [any_column $scope] 0] }
  return [s $tree [t " ${not}IN ("] [list o {} ", " 0 {*}$items] [t ")"]]
}

# SELECT one column FROM another table, for IN and EXISTS: like the given column, maybe correlated.
proc differential::subquery_column {scope column {select {}}} {
  variable tables
  set table [pick_table]
  set inner [list [list [new_alias] $table]]
  set chosen [lindex [any_column $inner] 0]
  foreach other [shuffled [dict get $table seen]] {
    if {[dict get $other affinity] eq [dict get $column affinity]} {
      set chosen [t [column_text [lindex $inner 0 0] $other]]
      break
    }
  }
  if {$select ne ""} { set chosen [s [t "[lindex $select 0]("] $chosen [t )]] }
  set terms {}
  if {[chance 60]} { lappend terms [term $inner 2] }
  if {[chance 40]} { lappend terms [join_term $scope $inner] }
  return [s [t "SELECT "] $chosen [t " FROM "] [table_tree $table] [t " AS [lindex $inner 0 0]"] [where_tree $terms]]
}

proc differential::new_alias {} {
  variable last_alias
  return a[incr last_alias]
}

proc differential::where_tree {terms} { list o " WHERE " " AND " 0 {*}$terms }

# An equality, mostly, between columns of two scopes.
proc differential::join_term {left right} {
  lassign [any_column $left] a a_column
  lassign [any_column $right] b b_column
  for {set i 0} {$i < 6} {incr i} {
    if {[dict get $a_column affinity] eq [dict get $b_column affinity]
        && ([dict get $a_column values] eq "" || [lindex [dict get $b_column values] end] in [dict get $a_column values] || $i > 3)} break
    lassign [any_column $left] a a_column
    lassign [any_column $right] b b_column
  }
  if {[chance 50]} { lassign [list $a $b] b a }
  set operator [choose {80 = 5 IS 4 < 4 >= 3 <> 4 LIKE}]
  if {"numeric_text" in $differential::avoid && [dict get $a_column affinity] ne [dict get $b_column affinity]} { set operator = }
  set end [expr {[chance 6] ? " COLLATE [pick {NOCASE RTRIM BINARY}]" : ""}]
  return [s $a [t " $operator "] $b [t $end]]
}

proc differential::term {scope {depth 0}} {
  set tree [term_inside $scope $depth]
  if {$depth > 0} { return [x [list [t 1]] $tree] }
  return $tree
}

proc differential::term_inside {scope depth} {
  lassign [operand $scope $depth] tree column
  set deep [expr {$depth < 2 ? 1 : 0}]
  switch [choose [list 34 compare 6 swapped 7 between 11 in 7 null 9 like 6 columns 3 row 3 collate 3 cast 2 truth \
      [expr {7 * $deep}] tree [expr {4 * $deep}] not [expr {3 * $deep}] exists [expr {3 * $deep}] scalar 3 rowid [expr {5 * $deep}] or]] {
    compare { return [s $tree [t " [comparison] "] [value_for $column]] }
    swapped { return [s [value_for $column] [t " [comparison] "] $tree] }
    between {
      return [s $tree [t [expr {[chance 20] ? " NOT BETWEEN " : " BETWEEN "}]] [value_for $column] [t " AND "] [value_for $column]]
    }
    in { return [in_term $scope $tree $column] }
    null { return [s $tree [t [pick {{ IS NULL} { IS NOT NULL} { NOTNULL} { ISNULL} { IS NOT TRUE}}]]] }
    like { return [like_term $tree $column] }
    columns {
      lassign [operand $scope 2] other other_column
      set operator [comparison]
      if {"numeric_text" in $differential::avoid && [dict get $column affinity] ne [dict get $other_column affinity]} {
        set operator [pick {= == <> IS}]
      }
      return [s $tree [t " $operator "] $other]
    }
    row { return [row_term $scope] }
    collate {
      # = with COLLATE on its left side gives by the order of the loops what is right or not, in 3.40
      set operator [comparison]
      set collate " COLLATE [pick {NOCASE RTRIM BINARY}]"
      if {$operator in {= == IS}} { return [s $tree [t " $operator "] [value_for $column] [t $collate]] }
      return [s $tree [t "$collate $operator "] [value_for $column]]
    }
    cast { return [s [t "CAST("] $tree [t " AS [pick {INTEGER TEXT REAL BLOB}]) [comparison] "] [value_for $column]] }
    truth { return [s [t "("] $tree [t [pick {{)} { IS TRUE)} { IS FALSE)} { AND 1)}}]]] }
    or {
      set parts [list [s $tree [t " [choose {70 = 15 < 15 IS}] "] [value_for $column]] [term $scope 2]]
      if {[chance 30]} { lappend parts [s $tree [t " = "] [value_for $column]] }
      return [s [t "("] [list o {} " OR " 1 {*}$parts] [t ")"]]
    }
    tree {
      set a [term $scope [expr {$depth + 1}]]
      set b [term $scope [expr {$depth + 1}]]
      return [x [list $a $b] [s [t "("] $a [t [pick {{ AND } { OR } { OR }}]] $b [t ")"]]]
    }
    not {
      set a [term $scope [expr {$depth + 1}]]
      return [x [list $a] [s [t "NOT ("] $a [t ")"]]]
    }
    exists {
      return [s [t [pick {{EXISTS (} {NOT EXISTS (}}]] [subquery_column $scope $column] [t ")"]]
    }
    scalar {
      if {[dict get $column collation] ne "BINARY"} { return [s $tree [t " IS NULL"]] }
      set inner [subquery_column $scope $column [pick {{min} {max} {count}}]]
      return [s $tree [t " [comparison] ("] $inner [t ")"]]
    }
    rowid {
      foreach pair [shuffled $scope] {
        lassign $pair alias table
        if {[dict get $table key] ne ""} {
          set key [lindex [dict get $table seen] 0]
          return [s [t "$alias.[pick {rowid oid _rowid_}] [comparison] "] [value_for $key]]
        }
      }
      return [s $tree [t " IS NOT NULL"]]
    }
  }
}

proc differential::row_term {scope} {
  set left {}
  set values {}
  set more {}
  for {set i [choose {70 2 30 3}]} {$i > 0} {incr i -1} {
    lassign [any_column $scope] tree column
    lappend left $tree
    lappend values [value_for $column]
    lappend more [value_for $column]
  }
  set row [s [t "("] [list o {} ", " 99 {*}$left] [t ")"]]
  set first [s [t "("] [list o {} ", " 99 {*}$values] [t ")"]]
  set second [s [t "("] [list o {} ", " 99 {*}$more] [t ")"]]
  if {[chance 30]} {
    return [s $row [t " IN (VALUES "] $first [t ", "] $second [t ")"]]
  }
  if {[chance 25] && "row_in" ni $differential::avoid} {
    variable tables
    set inner [list [list [new_alias] [pick_table]]]
    set columns [lmap tree $left {lindex [any_column $inner] 0}]
    return [s $row [t " IN (SELECT "] [list o {} ", " 99 {*}$columns] [t " FROM "] [table_tree [lindex $inner 0 1]] [t " AS [lindex $inner 0 0]"] \
      [where_tree [list [term $inner 2]]] [t ")"]]
  }
  return [s $row [t " [comparison] "] $first]
}

# ---------------------------------------------------------------- FROM

# Rarely the local table, which shows nothing by itself.
proc differential::pick_table {} {
  variable tables
  set table [pick $tables]
  if {[dict get $table name] eq "loc" && [chance 70]} { set table [pick $tables] }
  return $table
}

proc differential::table_tree {table} { list T [dict get $table name] }

# Sets scope; gives the tree of FROM. `most` bounds the rows of the whole join.
proc differential::from_tree {scope_name wanted {most 50000}} {
  upvar 1 $scope_name scope
  variable tables
  variable with_using 0
  set table [pick_table]
  set scope [list [list [new_alias] $table]]
  set rows [dict get $table count]
  set items [list [from_item [lindex $scope 0 0] $table]]
  set joins {}
  for {set i 1} {$i < $wanted} {incr i} {
    set table [pick_table]
    set size [expr {max(1, [dict get $table count])}]
    if {$rows * $size > $most} continue
    set rows [expr {$rows * $size}]
    set alias [new_alias]
    set inner [list [list $alias $table]]
    set kind [choose {40 JOIN 30 {LEFT JOIN} 7 {RIGHT JOIN} 7 {FULL JOIN} 8 {CROSS JOIN} 8 ,}]
    set on {}
    if {$rows <= 3000 && ($kind eq "," || ($kind eq "CROSS JOIN" && [chance 50]))} {
      # every row with every row
    } else {
      if {$kind eq ","} { set kind JOIN }
      lappend on [join_term $scope $inner]
      set same [same_column $table $scope]
      if {$same ne "" && [llength $scope] == 1 && [chance 10]} {
        variable with_using 1 ;# columns of * are fewer then
        lappend joins [s [t " $kind "] [from_item $alias $table] [t " USING ($same)"]]
        lappend scope {*}$inner
        continue
      }
      if {[chance 25]} {
        set outer [expr {"left_on" in $differential::avoid && [regexp {LEFT|FULL|RIGHT} $kind]}]
        lappend on [term [expr {$outer ? $inner : [list {*}$scope {*}$inner]}] 2]
      }
    }
    lappend joins [s [t [expr {$kind eq "," ? ", " : " $kind "}]] [from_item $alias $table] [list o " ON " " AND " 0 {*}$on]]
    lappend scope {*}$inner
  }
  return [s [t " FROM "] {*}$items [list o {} {} 0 {*}$joins]]
}

proc differential::same_column {table scope} {
  foreach column [shuffled [dict get $table seen]] {
    foreach pair $scope {
      foreach other [dict get [lindex $pair 1] seen] {
        if {[dict get $other quoted] eq [dict get $column quoted]} { return [dict get $other quoted] }
      }
    }
  }
}

# The table, or now and then a subquery or a common table expression in its place.
proc differential::from_item {alias table} {
  set plain [s [table_tree $table] [t " AS "] [list a $alias]]
  if {![chance 7]} { return $plain }
  set inner [list [list [new_alias] $table]]
  set i [lindex $inner 0 0]
  set names [lmap column [dict get $table seen] {string cat $i.[dict get $column quoted] { AS } [dict get $column quoted]}]
  set more {}
  set shadowed 0
  foreach column [dict get $table seen] {
    if {[string tolower [dict get $column name]] in {rowid oid _rowid_}} { set shadowed 1 }
  }
  if {[dict get $table key] ne "" && !$shadowed} {
    set more {rowid oid _rowid_}
    lappend names "$i.rowid AS rowid, $i.rowid AS oid, $i.rowid AS _rowid_"
  }
  set order {t {}}
  if {$more ne "" && [chance 50]} {
    set order [list o {} {} 0 [t " ORDER BY $i.rowid [pick {ASC DESC}] LIMIT [pick {1 3 5 10}][pick {{} { OFFSET 1} { OFFSET 2}}]"]]
  }
  set sub [s [t "(SELECT [join $names {, }] FROM "] [table_tree $table] [t " AS $i"] [where_tree [list [term $inner 2]]] $order [t ") AS "] [list a $alias $more]]
  return [x [list $plain] $sub]
}

# ---------------------------------------------------------------- the output

# One column, as {tree id collation}: the tree is a c node. exact 0: equal values may stand for each other.
proc differential::output {scope id exact} {
  if {[chance 75]} {
    lassign [any_column $scope] tree column
  } else {
    lassign [expression $scope 0] tree column
  }
  set collation [dict get $column collation]
  set mark [expr {$exact ? "exact" : [list tie [expr {[string match {*COLLATE*} $tree] ? "ANY" : $collation}]]}]
  return [list [list c [list $id] [list $mark] [s $tree [t " AS $id"]]] $id $collation $tree]
}

proc differential::star {scope} {
  set all {}
  foreach pair $scope {
    lassign $pair alias table
    dict set all $alias [lmap column [dict get $table seen] {string cat $alias. [dict get $column quoted]}]
  }
  return [list * $all]
}

# ORDER BY over output columns: a list of {tree id collation}.
proc differential::order_tree {outputs} {
  set terms {}
  foreach output [some $outputs 1] {
    lassign $output c id collation tree
    set collate ""
    if {[chance 15]} {
      set collation [pick {NOCASE RTRIM BINARY}]
      set collate " COLLATE $collation"
    } elseif {[string match {*COLLATE*} $tree]} {
      set collation ANY
    }
    set what [expr {[chance 50] ? [t $id] : $tree}]
    lappend terms [list k $id $collation [s $what [t $collate[pick {{} { ASC} { DESC} { DESC}}][choose {70 {} 15 { NULLS FIRST} 15 { NULLS LAST}}]]]]
  }
  if {[llength $terms] > 4} { set terms [lrange $terms 0 3] }
  return [list o " ORDER BY " ", " 0 {*}$terms]
}

proc differential::limit_tree {} {
  set limit [value_tree [list i [choose {8 0 20 1 20 2 20 5 8 30 6 -1 4 1000000}]] {{i 1} {i 3} {i -1}}]
  set offset [value_tree [list i [choose {20 0 30 1 30 2 10 50 5 -1}]] {{i 2} {i 0} {i 1}}]
  if {[chance 50]} { return [list l [s [t " LIMIT "] $limit]] }
  if {[chance 15]} { return [list l [s [t " LIMIT "] $offset [t ", "] $limit]] }
  return [list l [s [t " LIMIT "] $limit [list o {} {} 0 [s [t " OFFSET "] $offset]]]]
}

# ---------------------------------------------------------------- plain queries

proc differential::terms_for {scope} {
  set terms {}
  for {set i [choose {15 0 45 1 28 2 12 3}]} {$i > 0} {incr i -1} { lappend terms [term $scope] }
  return $terms
}

proc differential::plain_query {joined} {
  set from [from_tree scope $joined]
  set distinct [chance 15]
  set outputs {}
  if {!$distinct && [chance 25] && !$differential::with_using} {
    set columns [list [star $scope]]
    foreach pair $scope {
      lassign $pair alias table
      foreach column [dict get $table seen] {
        set text [column_text $alias $column]
        lappend outputs [list {} $alias.[dict get $column quoted] [dict get $column collation] [t $text]]
      }
    }
  } else {
    set columns {}
    for {set i [choose {30 1 30 2 25 3 15 4}]} {$i > 0} {incr i -1} {
      set output [output $scope o$i [expr {!$distinct}]]
      lappend outputs $output
      lappend columns [lindex $output 0]
    }
  }
  set order {t {}}
  if {[chance 45]} {
    set order [order_tree $outputs]
    if {[lindex $columns 0 0] eq "*"} { set order [star_order $scope $outputs] }
  }
  set limit [expr {[chance [expr {$order eq "t {}" ? 12 : 45}]] ? [limit_tree] : {t {}}}]
  set terms [terms_for $scope]
  return [dict create tree [s [t [expr {$distinct ? "SELECT DISTINCT " : "SELECT "}]] [list o {} ", " 1 {*}$columns] $from \
    [where_tree $terms] $order $limit]]
}

# With SELECT * there are no names of ours to sort by.
proc differential::star_order {scope outputs} {
  set terms {}
  foreach output [lrange [some $outputs 1] 0 2] {
    lassign $output c id collation tree
    lappend terms [list k $id $collation [s $tree [t [pick {{} { ASC} { DESC}}][choose {80 {} 10 { NULLS FIRST} 10 { NULLS LAST}}]]]]
  }
  return [list o " ORDER BY " ", " 0 {*}$terms]
}

# count(*) alone, with and without terms.
proc differential::count_query {} {
  set from [from_tree scope [choose {75 1 25 2}] 200000]
  set terms [expr {[chance 30] ? {} : [terms_for $scope]}]
  return [dict create tree [s [t "SELECT "] [list c o1 exact [t "count(*) AS o1"]] $from [where_tree $terms] [expr {[chance 15] ? [limit_tree] : {t {}}}]]]
}

# {tree mark} of an aggregate whose value does not depend on the order of rows.
proc differential::aggregate {scope} {
  lassign [any_column $scope] tree column
  set tie [list tie [dict get $column collation]]
  set distinct [expr {[chance 25] ? "DISTINCT " : ""}]
  switch [random 9] {
    0 { return [list [t count(*)] exact] }
    1 { return [list [s [t "count($distinct"] $tree [t ")"]] exact] }
    2 - 3 { return [list [s [t "[pick {min max}]("] $tree [t ")"]] $tie] }
    4 { return [list [s [t "sum("] $tree [t " % 1000003)"]] exact] }
    5 { return [list [s [t "total("] $tree [t " & 65535)"]] exact] }
    6 { return [list [s [t "group_concat(quote("] $tree [t "), char(31))"]] bag] }
    7 { return [list [s [t "sum(length("] $tree [t "))"]] exact] }
    8 {
      return [list [s [t "count(*) FILTER (WHERE "] [term $scope 1] [t ")"]] exact]
    }
  }
}

proc differential::group_query {} {
  set from [from_tree scope [choose {70 1 30 2}]]
  set columns {}
  set outputs {}
  set groups {}
  set number 0
  for {set i [choose {25 0 50 1 25 2}]} {$i > 0} {incr i -1} {
    set output [output $scope o[incr number] 0]
    lappend outputs $output
    lappend columns [lindex $output 0]
    lappend groups [list g [lindex $output 3]]
  }
  for {set i [choose {50 1 35 2 15 3}]} {$i > 0} {incr i -1} {
    lassign [aggregate $scope] tree mark
    set id o[incr number]
    lappend columns [list c $id [list $mark] [s $tree [t " AS $id"]]]
    if {$mark eq "exact"} { lappend outputs [list {} $id BINARY $tree] }
  }
  set having {}
  if {$groups ne "" && [chance 30]} {
    lassign [aggregate $scope] tree mark
    if {$mark eq "exact"} {
      lappend having [s $tree [t " [comparison] "] [value_tree [list i [random 4]]]]
    }
  }
  # a bag cannot be sorted by, and min of equal values neither is defined
  set order [expr {$outputs ne "" && [chance 40] ? [order_tree $outputs] : {t {}}}]
  set limit [expr {$order ne "t {}" && [chance 30] ? [limit_tree] : {t {}}}]
  return [dict create tree [s [t "SELECT "] [list o {} ", " 1 {*}$columns] $from [where_tree [terms_for $scope]] \
    [list o " GROUP BY " ", " [expr {[llength $groups] ? 1 : 0}] {*}$groups] [list o " HAVING " " AND " 0 {*}$having] $order $limit]]
}
